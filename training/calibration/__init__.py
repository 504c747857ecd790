"""How far confidence is from right on real motion, and the temperature that mends it."""

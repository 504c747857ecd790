"""TCAE, the twin-cycle auto-encoder: learns facial motion and head motion apart, without labels."""

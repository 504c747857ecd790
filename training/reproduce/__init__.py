"""SelfME's tables and figures end to end, by one command that resumes wherever it was stopped.

Nothing is trained here by itself: the steps call the rooms that `mer-train prepare`, `motion`,
`ablate`, `sweep`, `bench` and `recognizer` call. What is here is their order, what was finished,
how long it will take, and the page in the end.
"""

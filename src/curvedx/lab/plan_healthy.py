"""The healthy settings that the halves of the plan share: condition to strengths."""

HEALTHY = {
    "steady": (1, 1.5, 2),
    "cosine": (1, 2, 3),
    "stable_decay": (0.7, 0.85),
    "converged": (2, 3),
    "momentum": (0.5, 1),
    "gentle": (1, 2),
    "large_batch": (128, 256, 512),
}
FEWER = {
    "steady": (1, 2, 1.5),
    "cosine": (1, 3, 2),
    "stable_decay": (0.8, 0.7),
    "converged": (2, 1.5),
    "gentle": (1,),
}

"""The fault lab: small models really trained, with a fault put in on purpose, logged as people log.

`tasks` and `networks` say what is learned, `faults` what goes wrong and when, `loop` trains in plain torch.

Sample logs: `samples` names the runs whose logs the project keeps, `plain` and `with_*` train them, in plain torch or
in a framework, and `loggers` writes them through the library that people use.

The campaign (``curvedx lab``): `plan` declares its runs, each a bench of `benches` or `boosting` under one of the
`conditions`; `campaign` trains them, `logged` makes of each what a logger would have written, `labels` and `onsets` say
what it shows, `tables`, `sheet` and `contact` write it down.

All that trains needs the extra ``lab``; nothing else in the library imports this room.
"""

"""The mechanism behind the notice: pure rules. Time, keys and rows come in as arguments; nothing here does I/O.

`classes` names the kinds of personal data and their chains of coarsenings; `policy` orders declarations; `ledger` decides
what is in force and what governs a datum; `gate` is the only way in (`admit`) and out (`release`); `holdings` says where
personal data can lie, and how it is erased.
"""

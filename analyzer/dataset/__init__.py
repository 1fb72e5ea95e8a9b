"""The dataset doctor: what is wrong with an ICDAR2015 data folder, its numbers, a repaired copy.

Nothing here knows rules: ``examine`` notes problems by kind and numbers, the rules in
``rules/data`` say which of them matter, and why.
"""

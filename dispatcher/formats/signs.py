"""The many dashes and quotation marks that people's programs put where a keyboard has one."""

DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
APOSTROPHES = dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`\uff07", "'")
QUOTES = dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"')
PLAIN = str.maketrans(DASHES | APOSTROPHES | QUOTES)

"""An ARPA file of three orders, small enough to read at a glance."""

ARPA = r"""\data\
ngram 1=5
ngram 2=3
ngram 3=2

\1-grams:
-1	<unk>	0
0	<s>	-0.5
-0.5	</s>	0
-1.5	ä	-0.25
-1.25	b	-0.25

\2-grams:
-0.5	<s> ä	-0.25
-0.25	ä b	-0.25
-0.5	b </s>	0

\3-grams:
-0.125	<s> ä b
-0.25	ä b </s>

\end\
"""

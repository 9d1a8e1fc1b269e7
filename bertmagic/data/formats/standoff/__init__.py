"""Running text with its entities elsewhere: in a file next to it (BRAT), below it (PubTator), or in XML (SemEval)."""

from bertmagic.data.formats.standoff import brat, pubtator, semeval

FORMATS = (brat.FORMAT, pubtator.FORMAT, semeval.XML, semeval.TRIPLES)

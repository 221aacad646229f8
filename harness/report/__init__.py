"""What is left of a run: the journal, and every output that is rebuilt from it alone.

Read in this order: `journal` (what is written while a run goes on), `record` (the same as frozen
data), `assembly` (from the one to the other), `write` (all outputs, each isolated from the others),
and then one module for each output.
"""

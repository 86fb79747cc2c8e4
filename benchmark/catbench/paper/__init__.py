"""The paper's tables and figures from any suite (CATImage §5, Appendix H).

exhibit     what a table or figure is, and it as Markdown, LaTeX, CSV, PNG and SVG
runs        the routers' results that the exhibits share, each made once
tables figure1c figure3 figure4 selection    each as in the paper
published   the numbers of the paper, to stand beside ours
all_exhibits     the folder of a suite's tables and figures
"""

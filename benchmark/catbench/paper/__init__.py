"""The paper's tables and figures from any suite: one module per table or figure (CATImage §5, Appendix H).

exhibit     what a table or figure is: a header, rows, notes, and how it is drawn
exhibit_files    an exhibit as Markdown, LaTeX, CSV, PNG and SVG
runs        the routers' results that the exhibits share, each made once
figure1c figure3 figure4 table1 table2 table3 selection    one each
published   the numbers of the paper, to stand beside ours
all_exhibits     all exhibits of a suite, and the folder of their files
"""

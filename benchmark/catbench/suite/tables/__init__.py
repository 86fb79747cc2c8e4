"""Tables of scores and prices as people have them: read, brought into one shape, made into a suite.

table_reading workbook    CSV, TSV, JSON, Parquet and Excel files as tables
numerals columns          numbers, what each column is
complete                  what becomes of holes
prices                    cost tables
from_table from_files     the suite, of long and wide tables
"""

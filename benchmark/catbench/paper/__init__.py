"""The paper's tables and figures, from any suite (CATImage): one module per table or figure."""

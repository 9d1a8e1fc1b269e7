"""What makes a model fast, with the same results: attention kernels, first token, dropout, bf16 products, memory."""

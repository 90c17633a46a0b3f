"""The intermediate representation: dtypes, layouts, tensors, operators' base, graphs."""

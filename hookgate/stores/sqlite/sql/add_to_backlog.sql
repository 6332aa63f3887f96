UPDATE backlog SET tasks = tasks + ?, bytes = bytes + ? WHERE id = 1

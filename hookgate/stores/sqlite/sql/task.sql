SELECT * FROM tasks WHERE id = ?

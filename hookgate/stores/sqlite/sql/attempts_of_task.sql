SELECT * FROM attempts WHERE task_id = ? ORDER BY number

DELETE FROM attempts WHERE task_id IN (SELECT id FROM tasks WHERE delivery_id = ?)

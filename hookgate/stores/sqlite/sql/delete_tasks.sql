DELETE FROM tasks WHERE delivery_id = ?

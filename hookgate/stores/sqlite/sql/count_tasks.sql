SELECT count(*) FROM tasks WHERE status = ?

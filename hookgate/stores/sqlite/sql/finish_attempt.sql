UPDATE attempts
SET status = ?, finished_at = ?, exit_code = ?, error = ?, output = ?, stderr = ?
WHERE task_id = ? AND number = ?

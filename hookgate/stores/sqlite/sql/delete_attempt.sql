DELETE FROM attempts WHERE task_id = ?1 AND number = ?2

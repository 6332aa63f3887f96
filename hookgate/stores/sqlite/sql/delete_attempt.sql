DELETE FROM attempts WHERE task_id = :task_id AND number = :number

SELECT tasks, bytes FROM backlog WHERE id = 1

-- A task that is pending again; one that may start at once does so behind what could before.
UPDATE tasks
SET next_attempt_at = coalesce(:next_attempt_at, :now), waiting = :next_attempt_at IS NOT NULL,
    turn = (SELECT 2 * max(arrival) + 1 FROM tasks)
WHERE arrival = :arrival

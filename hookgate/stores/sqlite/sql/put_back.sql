-- A task that is pending again; one that may start at once does so behind what could before.
-- That is one whose attempt was cut short, which is not held against it.
UPDATE tasks
SET next_attempt_at = coalesce(:next_attempt_at, :now), waiting = :next_attempt_at IS NOT NULL,
    cut_short = cut_short + (:next_attempt_at IS NULL),
    turn = (SELECT 2 * max(arrival) + 1 FROM tasks)
WHERE arrival = :arrival

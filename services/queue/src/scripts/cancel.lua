-- Cancels a pending or running job. A running one ends here and now; its worker is told to stop,
-- and whatever it still says is refused.
--
-- ARGV  1 id  2 user ("" = anybody's)
-- Returns the job (JSON). Refuses with NOT_FOUND, WRONG_STATE <state>
local job = read_job(ARGV[1])
if not job or (ARGV[2] ~= "" and job.user ~= ARGV[2]) then
  return refuse("NOT_FOUND", "there is no such job")
end
if job.state == "running" then
  redis.call("PUBLISH", key("control", job.worker),
    cjson.encode({ kind = "interrupt", job = job.id, attempt = tonumber(job.attempt) }))
elseif job.state == "pending" then
  remove_pending(job)
  if policy_in_force() == "fair" then
    -- The user gets back what the job would have cost: their later jobs move up, but not to before
    -- virtual time, which would be an advance over the others.
    local share = tonumber(job.cost) / tonumber(job.weight)
    local score = tonumber(job.score)
    local virtual = virtual_time()
    local last_end = 0
    for _, other in ipairs(pending_of(job.user)) do
      if other.id ~= job.id and other.score > score then
        local moved = math.max(other.score - share, math.min(other.score, virtual))
        set_score(other, moved)
        last_end = math.max(last_end, moved + tonumber(other.cost) / tonumber(other.weight))
      end
    end
    local finish_tag = redis.call("HGET", key("finishTags"), job.user)
    if finish_tag then
      redis.call("HSET", key("finishTags"), job.user,
        score_text(math.max(tonumber(finish_tag) - share, last_end)))
    end
  end
else
  return refuse("WRONG_STATE", job.state)
end
finish(job, "cancelled")
return to_answer(job)

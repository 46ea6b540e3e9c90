/* sessions_scripts - see the header. Happy path: digests, computed once. How it fails: it does not
 * here; a script that fails on the server is a refusal.
 *
 * Numbers of Lua are doubles: milliseconds and microseconds since 1970 are exact in them. */

#include "redis/sessions_scripts.h"

#include "redis/redis_values.h"

#define NODES_TOLD "17"

/* Lua counts from 1. */
#define SESSION_FROM "37"
#define SESSION_TO "72"
#define STATE_PLACE "73"
#define GENERATION_FROM "74"
_Static_assert(REDIS_SESSION_AT == 36, "SESSION_FROM");
_Static_assert(REDIS_STATE_AT == 72, "STATE_PLACE");
_Static_assert(REDIS_GENERATION_AT == 73, "GENERATION_FROM");

#define NOW                                                                                        \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"

/* live['<node>#<boot>.<life>'], of the nodes whose lease has not ended. */
#define LIVE(key)                                                                                  \
    "local nodes, live = redis.call('HGETALL', " key "), {}\n"                                     \
    "for i = 1, #nodes, 2 do\n"                                                                    \
    "  local life, till = string.match(nodes[i + 1], '^(%d+%.%d+):(%d+)$')\n"                      \
    "  if life and tonumber(till) > now then live[nodes[i] .. '#' .. life] = true end\n"           \
    "end\n"

#define PLACE_OF(field) "string.match(" field ", '^(%d+#%d+%.%d+)#%d+$')"

static const char beat[] =
    NOW "local nodes = redis.call('HGETALL', KEYS[1])\n"
        "for i = 1, #nodes, 2 do\n"
        "  local till = tonumber(string.match(nodes[i + 1], ':(%d+)$') or 0)\n"
        "  if till + 60000 < now then redis.call('HDEL', KEYS[1], nodes[i]) end\n"
        "end\n"
        "local there = redis.call('HGET', KEYS[1], ARGV[1])\n"
        "local till = string.format('%.0f', now + tonumber(ARGV[3]))\n"
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. till)\n"
        "redis.call('PEXPIRE', KEYS[1], 3600000)\n"
        "return there and string.match(there, '^(.-):') == ARGV[2] and 1 or 0\n";

static const char leave[] = "local there = redis.call('HGET', KEYS[1], ARGV[1])\n"
                            "if there and string.match(there, '^(.-):') == ARGV[2] then\n"
                            "  redis.call('HDEL', KEYS[1], ARGV[1])\n"
                            "end\n"
                            "return 1\n";

static const char enter[] = NOW LIVE("KEYS[2]") "live[" PLACE_OF(
    "ARGV[1]") "] = true\n"
               "local generation = string.sub(ARGV[2], " GENERATION_FROM ")\n"
               "local device = string.sub(ARGV[2], 1, " SESSION_FROM " - 1)\n"
               "local all = redis.call('HGETALL', KEYS[1])\n"
               "local of_user, of_device, replaced = 0, 0, {}\n"
               "for i = 1, #all, 2 do\n"
               "  local field, value = all[i], all[i + 1]\n"
               "  local place = " PLACE_OF(
                   "field") "\n"
                            "  if field == ARGV[1] and string.sub(value, " GENERATION_FROM
                            ") == generation then\n"
                            "    return {1}\n"
                            "  elseif place and (field == ARGV[1] or not live[place]) then\n"
                            "    redis.call('HDEL', KEYS[1], field)\n"
                            "  elseif place and string.sub(value, " SESSION_FROM ", " SESSION_TO
                            ") == ARGV[3] then\n"
                            "    redis.call('HDEL', KEYS[1], field)\n"
                            "    replaced = {field, value}\n"
                            "  elseif place then\n"
                            "    of_user = of_user + 1\n"
                            "    if string.sub(value, 1, " SESSION_FROM " - 1) == device then\n"
                            "      of_device = of_device + 1\n"
                            "    end\n"
                            "  end\n"
                            "end\n"
                            "local user_max, device_max = tonumber(ARGV[4]), tonumber(ARGV[5])\n"
                            "local full = user_max > 0 and of_user >= user_max\n"
                            "full = full or (device_max > 0 and of_device >= device_max)\n"
                            "if not full then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end\n"
                            "redis.call('HSET', KEYS[1], 'seen', string.format('%.0f', now))\n"
                            "redis.call('PEXPIRE', KEYS[1], ARGV[6])\n"
                            "return {full and 0 or 1, unpack(replaced)}\n";

/* What the node had before a connection to Redis that was lost goes. */
static const char put[] =
    NOW "local seen = string.format('%.0f', now)\n"
        "if ARGV[3] == '1' then\n"
        "  local there = redis.call('HGET', KEYS[1], ARGV[1])\n"
        "  if not there then return 0 end\n"
        "  redis.call('HSET', KEYS[1], 'seen', seen)\n"
        "else\n"
        "  local own = " PLACE_OF(
            "ARGV[1]") "\n"
                       "  local node = string.match(ARGV[1], '^%d+#')\n"
                       "  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do\n"
                       "    local place = " PLACE_OF(
                           "field") "\n"
                                    "    if place and place ~= own and string.match(field, "
                                    "'^%d+#') == node then\n"
                                    "      redis.call('HDEL', KEYS[1], field)\n"
                                    "    end\n"
                                    "  end\n"
                                    "  redis.call('HSETNX', KEYS[1], 'seen', seen)\n"
                                    "end\n"
                                    "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                    "redis.call('PEXPIRE', KEYS[1], ARGV[4])\n"
                                    "return 1\n";

static const char remove_connection[] =
    NOW "local there = redis.call('HGET', KEYS[1], ARGV[1])\n"
        "if there and string.sub(there, " GENERATION_FROM ") == ARGV[2] then\n"
        "  redis.call('HDEL', KEYS[1], ARGV[1])\n"
        "  redis.call('HSET', KEYS[1], 'seen', string.format('%.0f', now))\n"
        "  redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
        "end\n"
        "return 1\n";

static const char online[] = NOW LIVE(
    "KEYS[1]") "local answer = {live[ARGV[1]] and 1 or 0}\n"
               "for k = 2, #KEYS do\n"
               "  local seen, state, where, known = '0', 0, {}, {}\n"
               "  local all = redis.call('HGETALL', KEYS[k])\n"
               "  for i = 1, #all, 2 do\n"
               "    local place = " PLACE_OF(
                   "all[i]") "\n"
                             "    if all[i] == 'seen' then\n"
                             "      seen = all[i + 1]\n"
                             "    elseif place and live[place] then\n"
                             "      local is = tonumber(string.sub(all[i + 1], " STATE_PLACE
                             ", " STATE_PLACE ")) or 0\n"
                             "      if is > 0 and (state == 0 or is < state) then state = is end\n"
                             "      local node = string.match(place, '^%d+')\n"
                             "      if not known[node] and #where < " NODES_TOLD " then\n"
                             "        known[node] = true\n"
                             "        where[#where + 1] = node\n"
                             "      end\n"
                             "    end\n"
                             "  end\n"
                             "  answer[k] = {seen, state, unpack(where)}\n"
                             "end\n"
                             "return answer\n";

static const char limit[] = "local time = redis.call('TIME')\n"
                            "local now = time[1] * 1000000 + time[2]\n"
                            "local full = tonumber(redis.call('GET', KEYS[1]) or 0) or 0\n"
                            "local burst, refill = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
                            "if full < now or ARGV[3] == 'all' then full = now end\n"
                            "if ARGV[3] == 'one' then\n"
                            "  full = math.max(full - refill, now)\n"
                            "elseif ARGV[3] ~= 'all' then\n"
                            "  local take, most = tonumber(ARGV[3]), now + burst * refill\n"
                            "  local over = full + math.max(take, 1) * refill - most\n"
                            "  if over > 0 then return math.ceil(over / 1000) end\n"
                            "  full = full + take * refill\n"
                            "end\n"
                            "if full > now then\n"
                            "  local ms = string.format('%.0f', math.ceil((full - now) / 1000))\n"
                            "  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', ms)\n"
                            "else\n"
                            "  redis.call('DEL', KEYS[1])\n"
                            "end\n"
                            "return 0\n";

void sessions_scripts_init(struct sessions_scripts *ret_scripts)
{
    redis_script_init(&ret_scripts->beat, beat);
    redis_script_init(&ret_scripts->leave, leave);
    redis_script_init(&ret_scripts->enter, enter);
    redis_script_init(&ret_scripts->put, put);
    redis_script_init(&ret_scripts->remove, remove_connection);
    redis_script_init(&ret_scripts->online, online);
    redis_script_init(&ret_scripts->limit, limit);
}

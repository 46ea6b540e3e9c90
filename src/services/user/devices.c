/* devices - GET /user/me/devices: the devices that are signed in. How it fails: as the store does.
 */

#include "user/user_inner.h"

struct devices_call {
    struct user_call call;
    struct users_devices_op devices;
};

static struct devices_call *devices_of(struct flow *flow)
{
    return container_of(call_of(flow), struct devices_call, call);
}

static void ask_devices(struct flow *flow)
{
    struct devices_call *d = devices_of(flow);
    d->devices.user = d->call.identity.user;
    users_devices(d->call.service->deps.users, &flow->asker, &d->devices);
}

static void write_device(struct cht_json *json, const struct device *device, bool current)
{
    cht_json_begin(json, '{');
    cht_json_key(json, "id");
    cht_json_id(json, &device->id);
    user_json_text(json, "name", device->name);
    cht_json_key(json, "created");
    cht_json_u64(json, device->created);
    cht_json_key(json, "last_seen");
    cht_json_u64(json, device->last_seen);
    cht_json_key(json, "current");
    cht_json_flag(json, current);
    cht_json_end(json, '}');
}

static void write_devices(struct user_call *call, struct cht_json *json)
{
    struct devices_call *d = container_of(call, struct devices_call, call);
    cht_json_begin(json, '{');
    cht_json_key(json, "devices");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < d->devices.count; i++) {
        const struct device *device = &d->devices.devices[i];
        if (device->revoked_at == 0) {
            write_device(json, device, cht_id_equal(&device->id, &call->identity.device));
        }
    }
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct devices_call *d = devices_of(flow);
    if (!user_call_refused(&d->call)) {
        user_call_answer(&d->call, 200, write_devices);
    }
    arena_deinit(&d->devices.arena);
    user_call_end(&d->call);
}

static const struct flow_step steps[] = {{"ask_devices", ask_devices}, {"finish", finish}};

const struct user_flow user_flow_devices = {steps, FLOW_STEPS(steps), sizeof(struct devices_call)};

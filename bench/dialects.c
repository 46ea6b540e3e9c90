/* dialects - see the header. Happy path: rows of a table. How it fails: what does not fit is cut,
 * and the server will say so. */

#include "dialects.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t fitting(int wanted, size_t size)
{
    return wanted < 0 ? 0 : (size_t)wanted < size ? (size_t)wanted : size - 1;
}

static size_t say_body(char *ret_text, size_t size, const struct dialect_message *message)
{
    return fitting(snprintf(ret_text, size, "%.*s", (int)message->body_size, message->body), size);
}

static size_t say_product(char *ret_text, size_t size, const struct dialect_message *message)
{
    return fitting(
        snprintf(ret_text, size,
            "{\"type\":\"message.send\",\"ref\":\"%llu\",\"room\":\"%s\",\"cid\":\"%d-%llu\","
            "\"text\":\"%.*s\"}",
            (unsigned long long)(message->number % 1000000), message->room, (int)getpid(),
            (unsigned long long)message->number, (int)message->body_size, message->body),
        size);
}

static size_t say_socketio(char *ret_text, size_t size, const struct dialect_message *message)
{
    return fitting(
        snprintf(ret_text, size, "42[\"m\",\"%.*s\"]", (int)message->body_size, message->body),
        size);
}

static size_t say_nats(char *ret_text, size_t size, const struct dialect_message *message)
{
    return fitting(snprintf(ret_text, size, "PUB %s %u\r\n%.*s\r\n", message->room,
                       message->body_size, (int)message->body_size, message->body),
        size);
}

/* PUBLISH with QoS 0: a varint of the length, the topic, the body. */
static size_t say_mqtt(char *ret_text, size_t size, const struct dialect_message *message)
{
    size_t topic = strlen(message->room);
    size_t left = 2 + topic + message->body_size;
    size_t at = 0;
    if (left + 6 > size) {
        return 0;
    }
    ret_text[at++] = 0x30;
    for (; left >= 0x80; left >>= 7) {
        ret_text[at++] = (char)(left | 0x80);
    }
    ret_text[at++] = (char)left;
    ret_text[at++] = (char)(topic >> 8);
    ret_text[at++] = (char)topic;
    memcpy(ret_text + at, message->room, topic);
    memcpy(ret_text + at + topic, message->body, message->body_size);
    return at + topic + message->body_size;
}

static size_t say_xmpp(char *ret_text, size_t size, const struct dialect_message *message)
{
    return fitting(snprintf(ret_text, size,
                       "<message xmlns='jabber:client' to='%s@conference.localhost' "
                       "type='groupchat'><body>%.*s</body></message>",
                       message->room, (int)message->body_size, message->body),
        size);
}

#define XMPP_OPEN                                                                                  \
    "+<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"

static const struct dialect dialects[] = {
    {.name = "plain", .subprotocol = "chattifier.v1", .say = say_body},
    {.name = "chattifier",
        .subprotocol = "chattifier.v1",
        .product = true,
        .steps = {"?\"type\":\"ready\""},
        .say = say_product},
    {.name = "chattifier-resume",
        .subprotocol = "chattifier.v1",
        .product = true,
        .steps = {"?\"type\":\"ready\"",
            "+{\"type\":\"sync\",\"ref\":\"resume\",\"rooms\":{\"%r\":1},\"events\":20}",
            "?\"type\":\"ok\",\"ref\":\"resume\""},
        .say = say_product},
    {.name = "socketio",
        .steps = {"?0{", "+40", "?40{"},
        .say = say_socketio,
        .ping = "2",
        .pong = "3"},
    {.name = "nats",
        .binary = true,
        .steps = {"?INFO ",
            "+CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB %r 1\r\nPING\r\n", "?PONG"},
        .say = say_nats,
        .ping = "PING\r\n",
        .pong = "PONG\r\n"},
    {.name = "mqtt",
        .subprotocol = "mqtt",
        .binary = true,
        .steps = {"+\x10\x13%0\x04MQTT\x04\x02%0%0%0\x07"
                  "c%i",
            "?\x20\x02", "+\x82\x09%0\x01%0\x04%r%0", "?\x90\x03"},
        .say = say_mqtt},
    {.name = "xmpp",
        .subprotocol = "xmpp",
        .one_by_one = true,
        .steps = {XMPP_OPEN, "?features",
            "+<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>", "?<success",
            XMPP_OPEN, "?bind",
            "+<iq xmlns='jabber:client' type='set' id='b'><bind "
            "xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
            "?<jid>",
            "+<presence xmlns='jabber:client' to='%r@conference.localhost/n%i'><x "
            "xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>",
            "?110"},
        .say = say_xmpp},
};

const struct dialect *dialect_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i].name, name) == 0) {
            return &dialects[i];
        }
    }
    return NULL;
}

static size_t fill_one(char what, const char *room, uint32_t index, char *ret_text, size_t size)
{
    switch (what) {
    case 'r':
        return fitting(snprintf(ret_text, size, "%s", room), size);
    case 'i':
        return fitting(snprintf(ret_text, size, "%06u", index), size);
    case '0':
        ret_text[0] = '\0';
        return 1;
    default:
        ret_text[0] = what;
        return 1;
    }
}

size_t dialect_fill(const char *text, const char *room, uint32_t index, char *ret_text, size_t size)
{
    size_t used = 0;
    while (*text && used + 1 < size) {
        if (*text == '%' && text[1]) {
            used += fill_one(text[1], room, index, ret_text + used, size - used);
            text += 2;
        } else {
            ret_text[used++] = *text++;
        }
    }
    return used;
}

/* log_record - see the header. Happy path: three numbers and two tags. How it fails: what is not
 * exactly that is no record. */

#include "ports/log_record.h"

#include "chattifier/events.h"

#define TAG_TERM (1u << 3) /* a number */
#define TAG_INDEX (2u << 3)

struct reader {
    const uint8_t *at, *end;
};

static bool read_varint(struct reader *reader, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 63 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

bool log_record_place(const uint8_t *bytes, size_t size, uint64_t *ret_term, uint64_t *ret_index)
{
    struct reader reader = {bytes, bytes + size};
    uint64_t number = 0, term_tag = 0, index_tag = 0;
    return read_varint(&reader, &number) && number == CHT_EVENT_record &&
           read_varint(&reader, &term_tag) && term_tag == TAG_TERM &&
           read_varint(&reader, ret_term) && read_varint(&reader, &index_tag) &&
           index_tag == TAG_INDEX && read_varint(&reader, ret_index);
}

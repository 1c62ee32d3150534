// A peer made of a plain socket: what a test says goes on the wire byte for byte.
//
// Every function that fails to do its part returns false or a negative size; nothing aborts, so a
// test can assert that something is refused. Reads give up after RAWSP_TIMEOUT_MS.
#ifndef TESTS_RAWSP_H
#define TESTS_RAWSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RAWSP_TIMEOUT_MS = 10000 };

typedef struct rawsp {
    int fd;
    bool ipc;
} rawsp;

// url: tcp://127.0.0.1:PORT, tcp://[::1]:PORT, ipc:///PATH. No handshake yet.
bool rawsp_connect(rawsp *r, const char *url);
// Connects and exchanges handshakes as REQ.
bool rawsp_open(rawsp *r, const char *url);
void rawsp_close(rawsp *r);
// Closes so that the peer sees a reset.
void rawsp_abort(rawsp *r);

bool rawsp_send(rawsp *r, const void *data, size_t size);
bool rawsp_recv(rawsp *r, void *data, size_t size);
// True when the peer has closed: end of stream or reset, nothing else read before.
bool rawsp_closed_by_peer(rawsp *r);

// A whole frame around these bytes (SP header included in them).
bool rawsp_send_frame(rawsp *r, const void *data, size_t size);
// The bytes of the next frame, to be freed; NULL at end of stream or time-out.
uint8_t *rawsp_recv_frame(rawsp *r, size_t *size);

// A request: id (top bit is set for you) and an nrpc.v1.Call made of these.
bool rawsp_send_call(rawsp *r, uint32_t id, const char *method, const void *payload, size_t size,
                     uint32_t timeout_ms);
// The next reply: its id without the top bit, its status code, its payload (to be freed) and, if
// reason is not NULL, the reason of its ErrorInfo ("" if none). Returns the code, or -1.
int rawsp_recv_reply(rawsp *r, uint32_t *id, uint8_t **payload, size_t *size, char reason[64]);
// Both, one after the other.
int rawsp_call(rawsp *r, const char *method, const void *payload, size_t size, uint8_t **reply,
               size_t *reply_size, char reason[64]);

#endif

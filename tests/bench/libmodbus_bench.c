/* The peers of the PLC benches by libmodbus, at either end of a connection:
 *
 *   libmodbus_bench serve PORT PERCENT   a server; of the registers that a read asks for, so many of 100 have changed
 *   libmodbus_bench edges PORT           a server; registers 0 to 3 hold the monotonic microsecond of the last edge,
 *                                        which comes every 95 to 190 ms
 *   libmodbus_bench site PORT PERCENT EDGE_MS
 *                                        a server; registers 0 to 63 hold sixteen such stamps, each with edges of its own
 *                                        every one to two times EDGE_MS; of the registers from 125 on, so many of 100
 *                                        have changed at each read; after SIGUSR1 it refuses to read those from 1125 on
 *                                        (exception 4), until the next one
 *   libmodbus_bench scan PORT DEVICES BLOCKS PERIOD_MS MS
 *                                        a client; reads so many blocks of 125 registers over so many connections, each
 *                                        its own, in turn, once a period or without a pause (0), for so long; then says
 *                                        "reads seconds cpu_seconds p50_us p99_us"
 *
 * Servers say READY when they listen.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>

enum { WORDS = 65536, BLOCK = 125, CLIENTS = 200, WAITS = 1 << 20, STAMPS = 16, REFUSED = 1125 };

static volatile sig_atomic_t refuses;

static void turn(int number)
{
    (void)number;
    refuses = !refuses;
}

static long long now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

/* Changes a share of the registers that a request is about to read, each time the ones behind the last. */
static void change(modbus_mapping_t *memory, const uint8_t *request, int percent)
{
    static unsigned next;
    int start = request[8] << 8 | request[9], count = request[10] << 8 | request[11];

    if (request[7] != 3 || count == 0)
        return;
    for (int left = (count * percent + 99) / 100; left > 0; left--)
        memory->tab_registers[(start + next++ % count) % WORDS] += 257;
}

static void edge(modbus_mapping_t *memory, int stamp)
{
    unsigned long long at = now_us();
    for (int word = 0; word < 4; word++)
        memory->tab_registers[4 * stamp + word] = (uint16_t)(at >> 16 * (3 - word));
}

static void serve(modbus_t *link, int client, fd_set *clients, modbus_mapping_t *memory, int percent, int stamps)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];

    modbus_set_socket(link, client);
    int length = modbus_receive(link, request);
    int start = length > 9 ? request[8] << 8 | request[9] : 0;
    if (length > 0 && stamps > 1 && refuses && start >= REFUSED) {
        modbus_reply_exception(link, request, MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE);
    } else if (length > 0) {
        if (stamps <= 1 || start >= BLOCK)
            change(memory, request, percent);
        modbus_reply(link, request, length, memory);
    } else if (length < 0) {
        modbus_close(link);
        FD_CLR(client, clients);
    }
}

/* Lets the stamps whose edges are due have them; gives how long it is until the next. */
static long long edges_due(modbus_mapping_t *memory, long long *due, int stamps, int edge_us)
{
    long long now = now_us(), next = now + 1000000;
    for (int stamp = 0; stamp < stamps; stamp++) {
        if (due[stamp] <= now) {
            edge(memory, stamp);
            due[stamp] = now + edge_us + rand() % edge_us;
        }
        next = due[stamp] < next ? due[stamp] : next;
    }
    return next - now;
}

static int server(int port, int percent, int stamps, int edge_us)
{
    static long long due[STAMPS];
    modbus_t *link = modbus_new_tcp("127.0.0.1", port);
    modbus_mapping_t *memory = modbus_mapping_new(0, 0, WORDS, 0);
    int door = link == NULL ? -1 : modbus_tcp_listen(link, CLIENTS);
    if (memory == NULL || door < 0) {
        perror("libmodbus_bench");
        return 1;
    }
    for (int stamp = 0; stamp < stamps; stamp++)
        edge(memory, stamp);
    signal(SIGUSR1, turn);
    puts("READY");
    fflush(stdout);

    fd_set sockets, ready;
    for (int stamp = 0; stamp < stamps; stamp++)
        due[stamp] = now_us() + 100000;
    FD_ZERO(&sockets);
    FD_SET(door, &sockets);
    for (int highest = door;;) {
        long long left = edges_due(memory, due, stamps, edge_us);
        struct timeval wait = { left / 1000000, left > 0 ? left % 1000000 : 0 };
        ready = sockets;
        if (select(highest + 1, &ready, NULL, NULL, stamps ? &wait : NULL) < 0) {
            if (errno == EINTR)
                continue;
            return 1;
        }
        for (int one = 0; one <= highest; one++) {
            if (!FD_ISSET(one, &ready))
                continue;
            if (one != door) {
                serve(link, one, &sockets, memory, percent, stamps);
                continue;
            }
            int client = modbus_tcp_accept(link, &door);
            if (client >= 0) {
                FD_SET(client, &sockets);
                highest = client > highest ? client : highest;
            }
        }
    }
}

static int by_size(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

static int scan(int port, int devices, int blocks, int period_ms, int for_ms)
{
    static int waits[WAITS];
    modbus_t *links[CLIENTS];
    uint16_t words[BLOCK];
    struct rusage used;

    for (int device = 0; device < devices; device++) {
        links[device] = modbus_new_tcp("127.0.0.1", port);
        if (links[device] == NULL || modbus_connect(links[device]) < 0) {
            perror("libmodbus_bench");
            return 1;
        }
    }
    long long began = now_us(), due = began;
    int reads = 0;
    while (now_us() - began < for_ms * 1000LL) {
        for (int device = 0; device < devices; device++)
            for (int block = 0; block < blocks; block++, reads++) {
                long long asked = now_us();
                if (modbus_read_registers(links[device], (device * blocks + block) * BLOCK, BLOCK, words) != BLOCK)
                    return 1;
                waits[reads % WAITS] = now_us() - asked;
            }
        due += period_ms * 1000LL;
        long long left = due - now_us();
        if (left > 0) {
            struct timespec pause = { left / 1000000, left % 1000000 * 1000 };
            nanosleep(&pause, NULL);
        }
    }
    double took = (now_us() - began) / 1e6;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    int kept = reads < WAITS ? reads : WAITS;
    qsort(waits, kept, sizeof waits[0], by_size);
    printf("%d %f %f %d %d\n", reads, took, cpu, waits[kept / 2], waits[kept * 99LL / 100]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return server(atoi(argv[2]), atoi(argv[3]), 0, 0);
    if (argc == 3 && strcmp(argv[1], "edges") == 0)
        return server(atoi(argv[2]), 0, 1, 95000);
    if (argc == 5 && strcmp(argv[1], "site") == 0)
        return server(atoi(argv[2]), atoi(argv[3]), STAMPS, atoi(argv[4]) * 1000);
    if (argc == 7 && strcmp(argv[1], "scan") == 0)
        return scan(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
    fputs("usage: serve PORT PERCENT | edges PORT | site PORT PERCENT EDGE_MS | scan PORT DEVICES BLOCKS PERIOD_MS MS\n", stderr);
    return 2;
}

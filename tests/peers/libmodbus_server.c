/* A Modbus TCP server by libmodbus: `libmodbus_server PORT`; says READY when it listens.
 *
 * Coil n is on where n divides by 3, discrete input n where by 5; holding register n holds 0x4100 + n and input
 * register n 0x4200 + n. 2,000 bits and 10,000 registers of each kind; several clients at once.
 */
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>

enum { BITS = 2000, WORDS = 10000, CLIENTS = 64 };

static void fill(modbus_mapping_t *memory)
{
    for (int n = 0; n < BITS; n++) {
        memory->tab_bits[n] = n % 3 == 0;
        memory->tab_input_bits[n] = n % 5 == 0;
    }
    for (int n = 0; n < WORDS; n++) {
        memory->tab_registers[n] = (uint16_t)(0x4100 + n);
        memory->tab_input_registers[n] = (uint16_t)(0x4200 + n);
    }
}

/* Answers one request; closes and forgets a client that has gone or talks nonsense. */
static void serve(modbus_t *link, int client, fd_set *clients, modbus_mapping_t *memory)
{
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];

    modbus_set_socket(link, client);
    int length = modbus_receive(link, request);
    if (length > 0) {
        modbus_reply(link, request, length, memory);
    } else if (length < 0) {
        modbus_close(link);
        FD_CLR(client, clients);
    }
}

int main(int argc, char **argv)
{
    modbus_t *link = modbus_new_tcp("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0);
    modbus_mapping_t *memory = modbus_mapping_new(BITS, BITS, WORDS, WORDS);
    int door = link == NULL ? -1 : modbus_tcp_listen(link, CLIENTS);
    if (memory == NULL || door < 0) {
        perror("libmodbus_server");
        return 1;
    }
    fill(memory);
    puts("READY");
    fflush(stdout);

    fd_set sockets, ready;
    FD_ZERO(&sockets);
    FD_SET(door, &sockets);
    for (int highest = door;;) {
        ready = sockets;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            return 1;
        for (int one = 0; one <= highest; one++) {
            if (!FD_ISSET(one, &ready))
                continue;
            if (one != door) {
                serve(link, one, &sockets, memory);
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

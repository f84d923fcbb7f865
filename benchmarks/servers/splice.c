/* splice PORT SINK: relay one connection after the other from 127.0.0.1:PORT to 127.0.0.1:SINK.
 *
 * The reference of the benchmarks: nothing but splice(2) between two sockets, through one pipe.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPE_SIZE = 1 << 20 };

static int fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in place(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void relay(int from, int to, const int tube[2])
{
    ssize_t came, went;

    while ((came = splice(from, NULL, tube[1], NULL, PIPE_SIZE, SPLICE_F_MOVE)) > 0)
        for (; came > 0; came -= went)
            if ((went = splice(tube[0], NULL, to, NULL, came, SPLICE_F_MOVE | SPLICE_F_MORE)) <= 0)
                fail("splice to the sink");
    if (came < 0)
        fail("splice from the sender");
}

int main(int count, char **words)
{
    struct sockaddr_in here, sink;
    char end;
    int listener, from, to, tube[2], yes = 1;

    if (count != 3) {
        fputs("usage: splice PORT SINK\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    here = place(words[1]);
    sink = place(words[2]);
    if (pipe(tube) < 0 || fcntl(tube[0], F_SETPIPE_SZ, PIPE_SIZE) < 0)
        fail("pipe of 1 MiB");
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 16) < 0)
        fail("listen");
    while ((from = accept(listener, NULL, NULL)) >= 0) {
        to = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(to, (struct sockaddr *)&sink, sizeof sink) < 0)
            fail("connect to the sink");
        relay(from, to, tube);
        shutdown(to, SHUT_WR);
        while (read(to, &end, 1) > 0)
            ;
        close(to);
        close(from);
    }
    return fail("accept");
}

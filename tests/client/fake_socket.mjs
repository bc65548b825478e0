// A WebSocket without a network: the test plays the server's part, frame by frame.

/** Makes a WebSocket class and the list of all sockets that were opened with it. */
export function fakeWebSocket() {
    const sockets = [];
    const waiting = [];

    class FakeSocket {
        readyState = 0;
        sent = [];
        #arrivals = [];

        constructor(url, protocols) {
            this.url = url;
            this.protocols = protocols;
            sockets.push(this);
            waiting.shift()?.(this);
        }

        send(text) {
            if (this.readyState !== 1) throw new Error('send on a socket that is not open');
            const frame = JSON.parse(text);
            this.sent.push(frame);
            this.#arrivals.shift()?.(frame);
        }

        close() {
            this.readyState = 3;
        }

        // ---- the server's part -----------------------------------------------------------------------------------

        accept() {
            this.readyState = 1;
            this.onopen?.({});
        }

        push(frame) {
            this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
        }

        /** The connection ends; 1006 is what a browser reports when there was no close frame. */
        drop(code = 1006, reason = '') {
            this.readyState = 3;
            this.onclose?.({ code, reason });
        }

        /** The next frame that the client sends. */
        next() {
            return new Promise((resolve) => this.#arrivals.push(resolve));
        }

        /** Accepts, takes `hello`, answers `welcome`. Gives the hello back. */
        welcome(fields = {}) {
            this.accept();
            this.push({
                t: 'welcome',
                d: {
                    player: 'p1',
                    n: 4,
                    resume: 'token-1',
                    space: 'main',
                    heartbeat_ms: 25000,
                    server_time: Date.now(),
                    ...fields,
                },
            });
            return this.sent[0];
        }
    }

    return {
        WebSocket: FakeSocket,
        sockets,
        /** The socket opened by the next connection attempt. */
        opened: () => new Promise((resolve) => waiting.push(resolve)),
    };
}

export function memory() {
    let kept = null;
    return { load: () => kept, save: (session) => (kept = session) };
}

/** Resolves with the next value of an event. */
export function once(client, type, wanted = () => true) {
    return new Promise((resolve) => {
        const stop = client.on(type, (data) => {
            if (!wanted(data)) return;
            stop();
            resolve(data);
        });
    });
}

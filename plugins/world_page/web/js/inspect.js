// window.cairnWorld: look at the world, and act in it, from the browser's console or a test. It goes through the
// same doors as the buttons do, and hands out copies.

const copy = (value) => JSON.parse(JSON.stringify(value));

export function exposeWorld({ client, world, me, actions, currentView }) {
    const surface = {
        get state() {
            const { state, reason, retry_in_ms, code } = client.state;
            return { state, reason, retry_in_ms, code, in_space: client.in_space, loaded: world.loaded };
        },
        get space() {
            return client.space;
        },
        get view() {
            return currentView()?.kind ?? null;
        },
        get self() {
            return { n: world.self_n, id: world.self_id, name: world.self?.name ?? null, p: [...me.p], yaw: me.yaw };
        },
        /** `p` is where the server last had them, `shown` where they are drawn now. */
        get users() {
            const now = performance.now();
            return [...world.users.values()].map((user) => {
                const mine = user.n === world.self_n;
                return {
                    n: user.n,
                    id: user.id,
                    name: user.name,
                    self: mine,
                    p: mine ? [...me.p] : [...user.p],
                    r: [...user.r],
                    shown: mine ? [...me.p] : user.track.at(now).p,
                };
            });
        },
        get objects() {
            return [...world.objects.values()].map(({ id, name, type, p, r, s, properties }) =>
                copy({ id, name, type, p, r, s, properties }),
            );
        },
        get chat() {
            return copy(world.chat);
        },
        get selected() {
            return actions.selected;
        },
        /** CSS pixels in the window where a point of the world is drawn. */
        toWindow: (point) => currentView().toWindow(point),
        move: (x, z) => me.put(x, z),
        place: (shape, at) => actions.place(shape, at),
        dragTo: (id, point) => actions.dragTo(id, point),
        remove: (id) => actions.remove(id),
        say: (text) => actions.say(text),
        rename: (name) => actions.rename(name),
    };
    Object.defineProperty(window, 'cairnWorld', { value: Object.freeze(surface) });
}

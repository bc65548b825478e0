// Keys, mouse and fingers. Turns them into a wish to walk, a turned eye, and objects picked and dragged.

const KEYS = {
    KeyW: [0, 1],
    ArrowUp: [0, 1],
    KeyS: [0, -1],
    ArrowDown: [0, -1],
    KeyA: [-1, 0],
    ArrowLeft: [-1, 0],
    KeyD: [1, 0],
    ArrowRight: [1, 0],
};
/** A finger is never still; less than this is a tap. */
const TAP_PX = 6;

export class Controls {
    /**
     * @param {{canvas: HTMLCanvasElement, stick: HTMLElement, knob: HTMLElement}} parts
     * @param {import('./camera.js').Eye} eye
     * @param {import('./actions.js').Actions} actions
     * @param {() => any} view the view that is shown now, null while it is still on its way
     */
    constructor({ canvas, stick, knob }, eye, actions, view) {
        this.eye = eye;
        this.actions = actions;
        this.view = view;
        this.down = new Set();
        this.stick_wish = { x: 0, y: 0 };
        this.pointers = new Map();
        this.grabbed = null;
        this.pinch = 0;
        this.on_first_step = () => {};
        this.on_chat_key = () => {};
        this.listenToKeys();
        this.listenToPointers(canvas);
        this.listenToStick(stick, knob);
    }

    /** What the person wants now: x to the right, y forward. */
    wish() {
        let { x, y } = this.stick_wish;
        for (const code of this.down) {
            if (!KEYS[code]) continue;
            x += KEYS[code][0];
            y += KEYS[code][1];
        }
        const length = Math.hypot(x, y);
        if (length > 1) {
            x /= length;
            y /= length;
        }
        if (length > 0.1) this.on_first_step();
        return { x, y, run: this.down.has('ShiftLeft') || this.down.has('ShiftRight'), jump: this.down.has('Space') };
    }

    step(seconds) {
        if (this.down.has('KeyQ')) this.eye.turn(-300 * seconds, 0);
        if (this.down.has('KeyE')) this.eye.turn(300 * seconds, 0);
    }

    listenToKeys() {
        window.addEventListener('keydown', (event) => {
            if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
            if (event.code === 'Enter' && !isPressable(event.target)) {
                event.preventDefault();
                this.on_chat_key();
            } else if (event.code === 'Escape') {
                this.actions.select(null);
            } else if (event.code === 'Delete' || event.code === 'Backspace') {
                const id = this.actions.selected;
                if (id) this.actions.remove(id).catch(() => {});
            } else if (KEYS[event.code] || ['Space', 'KeyQ', 'KeyE', 'ShiftLeft', 'ShiftRight'].includes(event.code)) {
                if (event.code === 'Space' && isPressable(event.target)) return;
                event.preventDefault();
                this.down.add(event.code);
            }
        });
        window.addEventListener('keyup', (event) => this.down.delete(event.code));
        // Keys that are let go in another window are never heard of here.
        window.addEventListener('blur', () => this.down.clear());
        document.addEventListener('focusin', (event) => isTyping(event.target) && this.down.clear());
    }

    listenToPointers(canvas) {
        canvas.addEventListener('contextmenu', (event) => event.preventDefault());
        canvas.addEventListener('pointerdown', (event) => {
            if (isTyping(document.activeElement)) document.activeElement.blur();
            canvas.setPointerCapture(event.pointerId);
            this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
            if (this.pointers.size > 1) return this.letGo();
            const id = event.button === 2 ? null : this.view()?.pick(event.clientX, event.clientY);
            this.press = { x: event.clientX, y: event.clientY, moved: false };
            if (id) this.grab(id, event);
        });
        canvas.addEventListener('pointermove', (event) => {
            const last = this.pointers.get(event.pointerId);
            if (!last) return this.hover(canvas, event);
            const dx = event.clientX - last.x;
            const dy = event.clientY - last.y;
            this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
            if (this.pointers.size === 2) return this.pinchTo();
            if (this.press && Math.hypot(event.clientX - this.press.x, event.clientY - this.press.y) > TAP_PX) {
                this.press.moved = true;
            }
            if (!this.press?.moved) return;
            if (this.grabbed) this.dragTo(event);
            else this.eye.turn(dx, dy);
        });
        const up = (event) => {
            if (!this.pointers.delete(event.pointerId)) return;
            this.pinch = 0;
            if (this.pointers.size === 0 && !this.grabbed && this.press && !this.press.moved) this.actions.select(null);
            this.letGo();
        };
        canvas.addEventListener('pointerup', up);
        canvas.addEventListener('pointercancel', up);
        canvas.addEventListener(
            'wheel',
            (event) => {
                event.preventDefault();
                this.eye.zoom(event.deltaY > 0 ? 1.1 : 1 / 1.1);
            },
            { passive: false },
        );
    }

    hover(canvas, event) {
        if (event.pointerType !== 'mouse') return;
        canvas.classList.toggle('over-object', Boolean(this.view()?.pick(event.clientX, event.clientY)));
    }

    grab(id, event) {
        const object = this.actions.world.objects.get(id);
        if (!object) return;
        const { p } = this.actions.poseOf(object);
        const at = this.view().pointAtHeight(event.clientX, event.clientY, p[1]) ?? [p[0], p[2]];
        this.grabbed = { id, height: p[1], dx: p[0] - at[0], dz: p[2] - at[1] };
        this.actions.select(id);
    }

    dragTo(event) {
        const { id, height, dx, dz } = this.grabbed;
        const at = this.view().pointAtHeight(event.clientX, event.clientY, height);
        if (!at) return;
        this.grabbed.moved = true;
        this.actions.drag(id, [at[0] + dx, height, at[1] + dz]);
    }

    letGo() {
        const { grabbed } = this;
        this.grabbed = null;
        if (grabbed?.moved) this.actions.drop(grabbed.id).catch(() => {});
    }

    pinchTo() {
        const [a, b] = [...this.pointers.values()];
        const apart = Math.hypot(a.x - b.x, a.y - b.y);
        if (this.pinch > 0 && apart > 0) this.eye.zoom(this.pinch / apart);
        this.pinch = apart;
    }

    listenToStick(stick, knob) {
        let finger = null;
        const to = (event) => {
            const box = stick.getBoundingClientRect();
            const reach = box.width / 2 - 12;
            let x = (event.clientX - (box.left + box.width / 2)) / reach;
            let y = (event.clientY - (box.top + box.height / 2)) / reach;
            const length = Math.hypot(x, y);
            if (length > 1) {
                x /= length;
                y /= length;
            }
            knob.style.transform = `translate(${x * reach * 0.6}px, ${y * reach * 0.6}px)`;
            this.stick_wish = length < 0.15 ? { x: 0, y: 0 } : { x, y: -y };
        };
        const end = (event) => {
            if (event.pointerId !== finger) return;
            finger = null;
            this.stick_wish = { x: 0, y: 0 };
            knob.style.transform = '';
        };
        stick.addEventListener('pointerdown', (event) => {
            event.preventDefault();
            finger = event.pointerId;
            stick.setPointerCapture(finger);
            to(event);
        });
        stick.addEventListener('pointermove', (event) => event.pointerId === finger && to(event));
        stick.addEventListener('pointerup', end);
        stick.addEventListener('pointercancel', end);
    }
}

const isTyping = (element) =>
    element instanceof HTMLElement && element.matches('input, textarea, select, [contenteditable]');
const isPressable = (element) => element instanceof HTMLElement && element.matches('button, a, summary');

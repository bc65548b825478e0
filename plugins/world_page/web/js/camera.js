// Where the eye is: behind somebody, at an angle that the person chooses.

export class Eye {
    constructor() {
        /** The direction it looks in over the ground, radians, 0 = +z. */
        this.heading = Math.PI;
        this.pitch = 0.32;
        this.distance = 8;
    }

    turn(dx, dy) {
        this.heading -= dx * 0.006;
        this.pitch = Math.max(-0.12, Math.min(1.35, this.pitch + dy * 0.005));
    }

    zoom(factor) {
        this.distance = Math.max(2.5, Math.min(30, this.distance * factor));
    }
}

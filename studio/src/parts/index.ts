/** The parts that screens are made of. */
export { Button, ButtonLink, IconButton } from "./Button";
export { Card } from "./Card";
export { Chart, type Line } from "./Chart";
export { ask, closeDialog, Dialog, openDialog } from "./Dialog";
export { DropZone } from "./DropZone";
export { Empty } from "./Empty";
export { Check, type Choice, Field, NumberField, Select, TextField } from "./Field";
export { Icon, type IconName } from "./Icon";
export { JobProgress } from "./JobProgress";
export { Menu, type MenuItem } from "./Menu";
export { Picture } from "./Picture";
export { Progress } from "./Progress";
export { Sheet, shapeOf } from "./Sheet";
export { Slider } from "./Slider";
export { Status } from "./Status";
export { Tabs } from "./Tabs";
export { attempt, tell } from "./Toast";

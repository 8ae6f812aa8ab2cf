/** The parts that screens are made of. */
export { Button, ButtonLink, IconButton } from "./Button";
export { Card } from "./Card";
export { Choices, type ChoiceOf } from "./Choices";
export { Copyable } from "./Copyable";
export { ask, closeDialog, Dialog, openDialog } from "./Dialog";
export { DropZone } from "./DropZone";
export { Empty } from "./Empty";
export { Check, type Choice, Field, NumberField, Select, TextField } from "./Field";
export { Fold } from "./Fold";
export { Icon, type IconName } from "./Icon";
export { Menu, type MenuItem } from "./Menu";
export { Picture } from "./Picture";
export { Progress } from "./Progress";
export { Slider } from "./Slider";
export { Status } from "./Status";
export { Tabs } from "./Tabs";
export { attempt, tell } from "./Toast";

export function TrainScreen() {
  return <div class="screen"><h1>Train</h1></div>;
}

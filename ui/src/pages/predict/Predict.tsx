export default function Predict() {
  return null;
}

"""What carries out a tower's forward pass: OpenVINO or torch, chosen by the hardware."""

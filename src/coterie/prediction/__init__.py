"""What comes next: the segment of a prospect, spend and churn ahead."""

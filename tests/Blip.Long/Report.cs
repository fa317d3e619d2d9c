namespace Blip.Long;

/// <summary>Prints figures beside their goals, and remembers whether one was missed.</summary>
internal sealed class Report
{
    public bool Missed { get; private set; }

    /// <summary>Prints a figure that is to be no larger than its goal.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="value">The figure.</param>
    /// <param name="goal">The largest that is good.</param>
    /// <param name="unit">Follows both.</param>
    /// <param name="note">What the figure is made of.</param>
    public void AtMost(string name, double value, double goal, string unit, FormattableString note)
    {
        bool missed = value > goal;
        Missed |= missed;
        string verdict = missed ? ", MISSED" : "";
        Show(name, $"{value:0.##}{unit} (goal {goal:0.##}{unit}{verdict}); {FormattableString.Invariant(note)}");
    }

    /// <summary>Prints a figure that has no goal.</summary>
    public static void Show(string name, FormattableString figure) => Console.WriteLine($"{name}: {FormattableString.Invariant(figure)}");
}

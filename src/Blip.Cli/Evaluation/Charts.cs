using System.Xml;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Blip.Cli.Evaluation;

/// <summary>The charts of the report, as SVG that takes its colours from the page: so it is dark where the page is.</summary>
internal static class Charts
{
    /// <summary>Colours that stand for the page's own until the SVG is written.</summary>
    private static readonly OxyColor Ink = OxyColor.FromRgb(1, 2, 3), Grid = OxyColor.FromRgb(1, 2, 4), Accent = OxyColor.FromRgb(1, 2, 5),
        Second = OxyColor.FromRgb(1, 2, 6);

    private static readonly (OxyColor Color, string Name)[] Names = [(Ink, "ink"), (Grid, "grid"), (Accent, "accent"), (Second, "second")];

    // The library measures letters narrower than a browser draws them, so the room for names is given.
    private const int Width = 480, Height = 320, Left = 72, NamesLeft = 190, Bottom = 58, Edge = 14, RowHeight = 26, LongestName = 18;

    /// <summary>A bar for each type.</summary>
    public static string Types(string name, IReadOnlyList<(string Type, int Count, double Accuracy)> types)
    {
        PlotModel plot = Create(NamesLeft);
        CategoryAxis axis = new() { Position = AxisPosition.Left, StartPosition = 1, EndPosition = 0 };
        Color(axis);
        axis.MajorGridlineStyle = LineStyle.None;
        axis.Labels.AddRange(types.Select(type => FormattableString.Invariant($"{Shorten(type.Type)} ({type.Count})")));
        plot.Axes.Add(axis);
        LinearAxis accuracy = Percent(AxisPosition.Bottom, "accuracy");
        // Room for the number behind a bar that is full.
        accuracy.Maximum = 115;
        plot.Axes.Add(accuracy);
        BarSeries bars = new()
        {
            FillColor = Accent, LabelFormatString = "{0:0.0}", LabelPlacement = LabelPlacement.Outside, LabelMargin = 6,
        };
        foreach ((_, _, double right) in types)
            bars.Items.Add(new BarItem(100 * right));
        plot.Series.Add(bars);
        return Svg(plot, name, Edge + (RowHeight * types.Count) + Bottom);
    }

    /// <summary>How often answers are right, by how sure the model was. On the diagonal confidence is what it says.</summary>
    public static string Reliability(string name, IReadOnlyList<Bin> bins)
    {
        PlotModel plot = Create(Left);
        plot.Axes.Add(Percent(AxisPosition.Bottom, "confidence"));
        plot.Axes.Add(Percent(AxisPosition.Left, "accuracy"));
        RectangleBarSeries bars = new() { FillColor = Accent, StrokeColor = Grid, StrokeThickness = 1 };
        foreach (Bin bin in bins)
            bars.Items.Add(new RectangleBarItem(100 * bin.From, 0, 100 * bin.To, 100 * bin.Accuracy));
        plot.Series.Add(bars);
        LineSeries diagonal = new() { Color = Ink, StrokeThickness = 1.5, LineStyle = LineStyle.Dash };
        diagonal.Points.AddRange([new DataPoint(0, 0), new DataPoint(100, 100)]);
        plot.Series.Add(diagonal);
        return Svg(plot, name, Height);
    }

    /// <summary>How much is wrong among the answers that are kept, when the least certain ones are left out.</summary>
    public static string Risk(string name, IReadOnlyList<Kept> curve, IReadOnlyList<Kept>? against)
    {
        PlotModel plot = Create(Left);
        plot.Axes.Add(Percent(AxisPosition.Bottom, "coverage"));
        LinearAxis risk = Percent(AxisPosition.Left, "risk: share of wrong answers");
        // For a good model nearly all kept answers are right: a full scale would show a flat line.
        double most = curve.Concat(against ?? []).Max(kept => 1 - kept.Accuracy);
        risk.Maximum = Math.Clamp(Math.Ceiling(most * 10) * 10, 10, 100);
        risk.MajorStep = risk.Maximum / 5;
        plot.Axes.Add(risk);
        plot.Series.Add(Line(curve, Accent, LineStyle.Solid));
        if (against is not null)
            plot.Series.Add(Line(against, Second, LineStyle.Dash));
        return Svg(plot, name, Height);
    }

    private static LineSeries Line(IReadOnlyList<Kept> curve, OxyColor color, LineStyle style)
    {
        const int MostPoints = 200;
        LineSeries line = new() { Color = color, StrokeThickness = 2, LineStyle = style };
        int step = Math.Max(1, curve.Count / MostPoints);
        for (int i = step - 1; i < curve.Count; i += step)
            line.Points.Add(new DataPoint(100 * curve[i].Coverage, 100 * (1 - curve[i].Accuracy)));
        if (curve.Count % step != 0)
            line.Points.Add(new DataPoint(100, 100 * (1 - curve[^1].Accuracy)));
        return line;
    }

    private static PlotModel Create(int left) => new()
    {
        DefaultFont = "system-ui, sans-serif", TextColor = Ink, PlotAreaBorderColor = Grid, Background = OxyColors.Undefined,
        PlotMargins = new OxyThickness(left, Edge, Edge, Bottom), Padding = new OxyThickness(0),
    };

    private static LinearAxis Percent(AxisPosition position, string title)
    {
        LinearAxis axis = new() { Position = position, Title = title + " (%)", Minimum = 0, Maximum = 100, MajorStep = 20 };
        Color(axis);
        return axis;
    }

    private static void Color(Axis axis)
    {
        (axis.TicklineColor, axis.AxislineColor, axis.MajorGridlineColor) = (Grid, Grid, Grid);
        (axis.MajorGridlineStyle, axis.MinorTickSize) = (LineStyle.Solid, 0);
        (axis.TextColor, axis.TitleColor, axis.AxisTitleDistance) = (Ink, Ink, 16);
    }

    /// <summary>A name as short as its room, without what XML cannot hold.</summary>
    private static string Shorten(string text)
    {
        string name = string.Concat(text.EnumerateRunes().Where(rune => !rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value)));
        if (name.Length <= LongestName)
            return name;
        int end = LongestName - 1;
        return name[..(char.IsHighSurrogate(name[end - 1]) ? end - 1 : end)] + "…";
    }

    private static string Svg(PlotModel plot, string name, int height)
    {
        string svg = new SvgExporter { Width = Width, Height = height, IsDocument = false }.ExportToString(plot);
        // The page gives the size. The numbers of clip paths start again in each chart, but a page has all charts.
        svg = FormattableString.Invariant($"<svg viewBox=\"0 0 {Width} {height}\" aria-hidden=\"true\"")
            + svg[svg.IndexOf(" version", svg.IndexOf("<svg", StringComparison.Ordinal), StringComparison.Ordinal)..];
        svg = svg.Replace("clipPath", $"{name}-clip", StringComparison.Ordinal)
            .Replace($"<{name}-clip", "<clipPath", StringComparison.Ordinal)
            .Replace($"</{name}-clip", "</clipPath", StringComparison.Ordinal);
        foreach ((OxyColor color, string variable) in Names)
            svg = svg.Replace($"rgb({color.R},{color.G},{color.B})", $"var(--{variable})", StringComparison.Ordinal);
        return svg;
    }
}

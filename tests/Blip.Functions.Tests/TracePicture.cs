using System.Globalization;
using System.Net;
using System.Text;
using Blip.Functions.Tests.Otlp;
using Google.Protobuf;

namespace Blip.Functions.Tests;

/// <summary>Draws a trace as it was received, for docs: a row for each span, from its start to its end.</summary>
internal static class TracePicture
{
    private const int Width = 860, Left = 210, Right = 80, Row = 26, Top = 34;

    /// <param name="path">The SVG file.</param>
    /// <param name="spans">The spans of one trace.</param>
    public static Task WriteAsync(string path, IReadOnlyList<Span> spans)
    {
        Dictionary<ByteString, Span> byId = spans.ToDictionary(span => span.SpanId);
        ulong start = spans.Min(span => span.StartTimeUnixNano), end = spans.Max(span => span.EndTimeUnixNano);
        double scale = (Width - Left - Right) / Milliseconds(start, end);
        StringBuilder svg = new();
        int height = Top + (Row * spans.Count) + 8;
        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" font-family=\"sans-serif\" font-size=\"13\">");
        Line($"<rect width=\"{Width}\" height=\"{height}\" fill=\"#fff\"/>");
        // A line for each fifth of the trace.
        for (int i = 0; i <= 5; i++)
        {
            double at = Milliseconds(start, end) * i / 5, x = Left + (at * scale);
            Line($"<path d=\"M{x:0.0} {Top - 8}V{height - 8}\" stroke=\"#e3e6ea\"/>");
            Line($"<text x=\"{x:0.0}\" y=\"18\" text-anchor=\"middle\" fill=\"#5b6470\" font-size=\"11\">{at:0} ms</text>");
        }
        int row = 0;
        foreach (Span span in InOrder(null))
        {
            int y = Top + (Row * row++);
            double x = Left + (Milliseconds(start, span.StartTimeUnixNano) * scale);
            double took = Milliseconds(span.StartTimeUnixNano, span.EndTimeUnixNano), width = Math.Max(took * scale, 2);
            string colour = Depth(span) switch { 0 => "#8a94a3", 1 => "#2f6fde", _ => "#63b08a" };
            Line($"<text x=\"{12 + (16 * Depth(span))}\" y=\"{y + 13}\" fill=\"#1d232b\">{WebUtility.HtmlEncode(span.Name)}</text>");
            Line($"<rect x=\"{x:0.0}\" y=\"{y + 1}\" width=\"{width:0.0}\" height=\"16\" rx=\"3\" fill=\"{colour}\"/>");
            Line($"<text x=\"{x + width + 6:0.0}\" y=\"{y + 13}\" fill=\"#5b6470\" font-size=\"11\">{took:0.0} ms</text>");
        }
        Line($"</svg>");
        return File.WriteAllTextAsync(path, svg.ToString());

        void Line(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        IEnumerable<Span> InOrder(Span? parent) => spans
            .Where(span => ParentOf(span) == parent)
            .OrderBy(span => span.StartTimeUnixNano)
            .SelectMany(span => InOrder(span).Prepend(span));

        int Depth(Span span) => ParentOf(span) is { } parent ? Depth(parent) + 1 : 0;

        Span? ParentOf(Span span) => byId.GetValueOrDefault(span.ParentSpanId);
    }

    private static double Milliseconds(ulong from, ulong to) => (to - from) / 1e6;
}

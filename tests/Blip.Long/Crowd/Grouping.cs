namespace Blip.Long.Crowd;

/// <summary>16 callers about some images: those of one image one after the other, against all images in turn.</summary>
internal static class Grouping
{
    private const int Callers = 16, Rounds = 5;

    public static async Task MeasureAsync(string folder, BlipPrecision precision, Report report)
    {
        await using BlipModel model = await CrowdModel.LoadAsync(folder, precision);
        foreach (int images in (int[])[2, 4])
        {
            EncodedImage[] encoded =
                await Task.WhenAll(Enumerable.Range(0, images).Select(seed => model.EncodeAsync(CrowdModel.NewImage(seed))));
            double grouped = double.MaxValue, inTurn = double.MaxValue;
            // The first round warms up. Other work on the machine only ever adds time, so the least counts.
            for (int i = 0; i <= Rounds; i++)
            {
                double one = await AskAsync(caller => encoded[caller * images / Callers]);
                double other = await AskAsync(caller => encoded[caller % images]);
                if (i > 0)
                    (grouped, inTurn) = (Math.Min(grouped, one), Math.Min(inTurn, other));
            }
            report.AtMost(
                $"{Callers} questions on {images} images in turn against grouped, {precision}, processor time", inTurn / grouped, 1.05, "x",
                $"{inTurn:0} against {grouped:0} ms");
            foreach (EncodedImage image in encoded)
                image.Dispose();
        }

        async Task<double> AskAsync(Func<int, EncodedImage> imageOf)
        {
            // Takes the slot, so that the others gather behind it.
            TimeSpan start = ProcessFigures.ProcessorTime;
            Task first = AskOneAsync(imageOf(0));
            await Task.WhenAll([first, .. Enumerable.Range(0, Callers).Select(caller => AskOneAsync(imageOf(caller)))]);
            return (ProcessFigures.ProcessorTime - start).TotalMilliseconds;
        }

        Task AskOneAsync(EncodedImage image) => model.AskAsync(image, CrowdModel.Question, CrowdModel.TwoTokens);
    }
}

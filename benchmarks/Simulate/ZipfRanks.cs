namespace Slice.Benchmarks.Simulate;

/// <summary>Ranks by Zipf's law: rank n, from 1, is drawn in proportion to n to the minus exponent. Thread-safe.</summary>
internal sealed class ZipfRanks
{
    private readonly double[] _cumulative;

    /// <param name="count">How many ranks there are.</param>
    /// <param name="exponent">0 for all alike; files are mostly between 0.7 and 1.1.</param>
    public ZipfRanks(int count, double exponent)
    {
        _cumulative = new double[count];
        double sum = 0;
        for (int rank = 0; rank < count; rank++)
        {
            sum += Math.Pow(rank + 1, -exponent);
            _cumulative[rank] = sum;
        }

        for (int rank = 0; rank < count; rank++)
        {
            _cumulative[rank] /= sum;
        }
    }

    /// <summary>A rank, counted from 0.</summary>
    public int Next(Random random)
    {
        int found = Array.BinarySearch(_cumulative, random.NextDouble());
        return Math.Min(found < 0 ? ~found : found, _cumulative.Length - 1);
    }

    /// <summary>
    /// The share of all draws that falls on the most popular ranks, 0 to 1; <paramref name="share"/> is their share of all ranks, 0 to 1.
    /// It is the hit ratio of a cache that knows the future and has room for so many.
    /// </summary>
    public double DrawsOfFirst(double share)
    {
        double ranks = Math.Clamp(share, 0, 1) * _cumulative.Length;
        int whole = (int)ranks;
        double below = whole == 0 ? 0 : _cumulative[whole - 1];
        return whole == _cumulative.Length ? 1 : below + ((ranks - whole) * (_cumulative[whole] - below));
    }
}

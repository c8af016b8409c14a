using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;

namespace Slice.Benchmarks.Load;

/// <summary>The verb <c>load</c>: connects every client, starts them together, and reports.</summary>
internal static class LoadCommand
{
    private const int ThreadStackBytes = 256 << 10;

    /// <summary>0; 1 when a client failed, whose reason goes to standard error, and nothing is reported.</summary>
    public static int Run(string[] args)
    {
        LoadOptions options = LoadOptions.Parse(args);
        var clients = new List<LoadClient>();
        try
        {
            for (int index = 0; index < options.Clients; index++)
            {
                clients.Add(new LoadClient(options, index));
            }

            LoadResult result = Measure(options, clients);
            Write(options, result);
            return 0;
        }
        catch (Exception exception) when (exception is AggregateException or SocketException or IOException or AuthenticationException)
        {
            Console.Error.WriteLine($"load: {options.Target}: {(exception.InnerException ?? exception).Message}");
            return 1;
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static LoadResult Measure(LoadOptions options, List<LoadClient> clients)
    {
        var failures = new List<Exception>();
        using var start = new ManualResetEventSlim();
        Thread[] threads = [.. clients.Select(client => StartThread(client, start, options, failures))];
        using var cost = new ProcessCost(options.ProcessIds);
        long started = Stopwatch.GetTimestamp();
        start.Set();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }

        Thread.Sleep(options.SettleMs);
        double[] firstBytes = SortedMs(clients, times => times.FirstByte);
        double[] lastBytes = SortedMs(clients, times => times.LastByte);
        return new LoadResult
        {
            Work = options.Work,
            Side = options.Side,
            Requests = lastBytes.Length,
            Bytes = clients.Sum(client => client.Bytes),
            Seconds = seconds,
            LatencyP50Ms = Percentile(lastBytes, 0.50),
            LatencyP99Ms = Percentile(lastBytes, 0.99),
            LatencyP999Ms = Percentile(lastBytes, 0.999),
            LatencyMaxMs = lastBytes[^1],
            FirstByteP50Ms = Percentile(firstBytes, 0.50),
            FirstByteP99Ms = Percentile(firstBytes, 0.99),
            CpuSeconds = cost.CpuSecondsSoFar,
            PeakAnonymousMib = cost.PeakAnonymousMib,
        };
    }

    private static Thread StartThread(LoadClient client, ManualResetEventSlim start, LoadOptions options, List<Exception> failures)
    {
        var thread = new Thread(
            () =>
            {
                start.Wait();
                try
                {
                    client.Run(Stopwatch.GetTimestamp() + (options.Seconds * Stopwatch.Frequency));
                }
                catch (Exception exception)
                {
                    lock (failures)
                    {
                        failures.Add(exception);
                    }
                }
            },
            ThreadStackBytes) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static double[] SortedMs(List<LoadClient> clients, Func<(long FirstByte, long LastByte), long> pick)
    {
        double[] milliseconds = [.. clients.SelectMany(client => client.Times).Select(times => pick(times) * 1000.0 / Stopwatch.Frequency)];
        Array.Sort(milliseconds);
        return milliseconds;
    }

    /// <summary>The value that so large a fraction of the sorted values does not exceed, above 0 to 1.</summary>
    public static double Percentile(double[] sorted, double fraction) => sorted[(int)Math.Ceiling(fraction * sorted.Length) - 1];

    private static void Write(LoadOptions options, LoadResult result)
    {
        string json = JsonSerializer.Serialize(result);
        if (options.ResultsPath is { } path)
        {
            File.AppendAllText(path, json + "\n");
        }
        else
        {
            Console.WriteLine(json);
        }

        Console.WriteLine(result);
    }
}
